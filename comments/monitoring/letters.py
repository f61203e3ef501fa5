"""Dead letters for staff: a look at them, another try, or the end of them.

They live in Redis, so these are views and no ModelAdmin. They are of all sites: who may see events everywhere
may see them (`comments.view_event`), who may change events everywhere may replay and discard them
(`comments.change_event`). A role on a site is not enough.
"""

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any, Final, Literal, cast

import redis
from django.contrib import admin, messages
from django.contrib.admin.models import CHANGE, DELETION, LogEntry
from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from comments import env
from comments.events.dead_letters import (
    ID_PATTERN,
    DeadLetter,
    discard_dead,
    find_dead,
    list_dead,
    replay_dead,
)
from comments.events.models import Event
from comments.events.redis_clients import command_client
from comments.monitoring.access import for_staff_of_all_sites
from comments.sites.roles import may_everywhere

PAGE: Final = 100
AWAY: Final = "Redis does not answer, and the dead letters are there. Try again when it is back."
ACTIONS: Final = ("replay", "discard", "replay_all")

Action = Literal["replay", "discard"]


@never_cache
@for_staff_of_all_sites("view_event")
def letters(request: HttpRequest) -> HttpResponse:
    """The oldest hundred, or those after `?after=`."""
    after = request.GET.get("after", "")
    if after and not re.match(ID_PATTERN, after):
        return HttpResponseBadRequest("after is no id of a dead letter", content_type="text/plain")
    context: dict[str, Any] = {"title": "Dead letters", "after": after, "is_list": True}
    try:
        found = list_dead(command_client(env.redis_url()), after=after, count=PAGE + 1)
        context |= {"letters": found[:PAGE], "next": found[PAGE - 1].id if len(found) > PAGE else ""}
    except redis.RedisError:
        context["away"] = AWAY
    return _page(request, "monitoring/dead_letters.html", context)


@never_cache
@for_staff_of_all_sites("view_event")
def letter(request: HttpRequest, letter_id: str) -> HttpResponse:
    """One, with what it carries."""
    context: dict[str, Any] = {"title": "Dead letter", "letter_id": letter_id}
    try:
        found = _found([letter_id])
    except redis.RedisError:
        return _page(request, "monitoring/dead_letter.html", {**context, "away": AWAY})
    if not found:
        messages.warning(request, f"There is no dead letter {letter_id[:40]} any more.")
        return redirect("dead-letters")
    fields = {name: value for name, value in found[0].fields.items() if name != "data"}
    context |= {"letter": found[0], "fields": fields, "payload": _indented(found[0].fields.get("data", ""))}
    return _page(request, "monitoring/dead_letter.html", context)


@require_POST
@never_cache
@for_staff_of_all_sites("change_event")
def act(request: HttpRequest) -> HttpResponse:
    """Replays at once; discards when that was confirmed."""
    action, letter_ids = request.POST.get("action", ""), request.POST.getlist("letter")
    if action not in ACTIONS:
        return HttpResponseBadRequest("no such action", content_type="text/plain")
    if action != "replay_all" and not letter_ids:
        messages.warning(request, "Choose at least one dead letter.")
        return redirect("dead-letters")
    try:
        if action == "replay_all":
            _replay(request, _all())
        elif action == "replay":
            _replay(request, iter([_found(letter_ids)]))
        elif "confirmed" not in request.POST:
            context = {"title": "Discard dead letters?", "letters": _found(letter_ids)}
            return _page(request, "monitoring/discard_dead_letters.html", context)
        else:
            _discard(request, _found(letter_ids))
    except redis.RedisError:
        messages.error(request, AWAY)
    return redirect("dead-letters")


def _page(request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
    may_act = may_everywhere(request.user, "change_event")
    return render(request, template, {**admin.site.each_context(request), "may_act": may_act, **context})


def _found(letter_ids: Sequence[str]) -> list[DeadLetter]:
    known = [letter_id for letter_id in letter_ids if re.match(ID_PATTERN, letter_id)]
    return find_dead(command_client(env.redis_url()), dict.fromkeys(known))


def _all() -> Iterator[list[DeadLetter]]:
    """Page by page, those that there are now."""
    client, after = command_client(env.redis_url()), ""
    while page := list_dead(client, after=after, count=PAGE):
        yield page
        after = page[-1].id


def _replay(request: HttpRequest, pages: Iterator[list[DeadLetter]]) -> None:
    client = command_client(env.redis_url())
    replayed = kept = 0
    try:
        for page in pages:
            for one in page:
                done, left = replay_dead(client, [one])
                replayed, kept = replayed + done, kept + left
                if done:
                    _note(request, one, "replay")
    finally:  # Redis may go away half-way
        if replayed or kept:
            note = f" {kept} stay: no Kibitz wrote them." if kept else ""
            outcome = messages.SUCCESS if replayed else messages.WARNING
            messages.add_message(request, outcome, f"{replayed} queued again.{note}")
    if not replayed and not kept:
        messages.warning(request, "There was nothing to replay any more.")


def _discard(request: HttpRequest, found: Sequence[DeadLetter]) -> None:
    client = command_client(env.redis_url())
    discarded = 0
    for one in found:
        if discard_dead(client, [one]):
            _note(request, one, "discard")
            discarded += 1
    messages.add_message(
        request, messages.SUCCESS if discarded else messages.WARNING, f"{discarded} discarded."
    )


def _note(request: HttpRequest, one: DeadLetter, action: Action) -> None:
    """A line in the admin's log."""
    fields = one.fields
    what = f"dead letter {one.id}: {fields.get('key', 'no thread')} {fields.get('seq', '')}".strip()
    said = {"replay": "Replayed: queued again.", "discard": "Discarded; its event row counts as published."}
    LogEntry.objects.create(
        user=cast("User", request.user),  # the admin lets nobody else in
        content_type=ContentType.objects.get_for_model(Event),
        object_id=str(one.event_id or one.id),
        object_repr=what[:200],
        action_flag=CHANGE if action == "replay" else DELETION,
        change_message=said[action],
    )


def _indented(data: str) -> str:
    try:
        return json.dumps(json.loads(data), indent=2, ensure_ascii=False)
    except ValueError:
        return data
