"""A site's model: kept in the database, and for some seconds in each process that asks it."""

import logging
import time
from collections import OrderedDict
from datetime import datetime
from typing import Final, NamedTuple

from comments.screening.models import SpamModel
from comments.screening.spam.features import VERSION
from comments.screening.spam.model import Model, UnusableModel
from comments.screening.spam.training import Training
from comments.sites.models import Site

REMEMBER_SECONDS: Final = 5.0  # a model that was trained elsewhere counts this late at most
MOST_REMEMBERED: Final = 16  # models of up to 2 MB

logger = logging.getLogger(__name__)


class _Remembered(NamedTuple):
    ask_again_at: float
    trained_at: datetime | None
    model: Model | None


_remembered: OrderedDict[int, _Remembered] = OrderedDict()


def save_model(site: Site, training: Training, *, now: datetime) -> SpamModel:
    """Keeps what was learned in place of what the site had."""
    row, _ = SpamModel.objects.update_or_create(
        site=site,
        defaults={
            "version": VERSION,
            "weights": training.model.to_bytes(),
            "threshold": training.model.threshold,
            "spam_examples": training.spam,
            "good_examples": training.good,
            "trained_at": now,
        },
    )
    _remembered.pop(site.pk, None)
    return row


def load_model(site: Site) -> Model | None:
    """The site's model as it was some seconds ago; None where it has none that this version can use."""
    now = time.monotonic()
    known = _remembered.get(site.pk)
    if known is None or known.ask_again_at <= now:
        trained_at = SpamModel.objects.filter(site=site).values_list("trained_at", flat=True).first()
        is_same = known is not None and known.trained_at == trained_at
        model = known.model if known and is_same else _fetched(site)
        known = _remembered[site.pk] = _Remembered(now + REMEMBER_SECONDS, trained_at, model)
        while len(_remembered) > MOST_REMEMBERED:
            _remembered.popitem(last=False)
    _remembered.move_to_end(site.pk)
    return known.model


def _fetched(site: Site) -> Model | None:
    row = SpamModel.objects.filter(site=site).first()
    if row is None:
        return None
    try:
        if row.version != VERSION:
            raise UnusableModel(f"it is of version {row.version}, and this is {VERSION}")
        return Model.from_bytes(bytes(row.weights), threshold=row.threshold)
    except UnusableModel as error:
        logger.warning("The spam model of site %s is not used, train it again: %s.", site.key, error)
        return None
