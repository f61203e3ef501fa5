"""What every table of the admin shares: everybody sees and does what their roles on sites allow."""

import json
from collections.abc import Sequence
from typing import Any, ClassVar, Final

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME, ActionForm
from django.contrib.admin.models import ADDITION, CHANGE, LogEntry
from django.contrib.admin.options import InlineModelAdmin
from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.forms import CharField, TextInput
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import timezone

from comments.audit.services import Gesture
from comments.errors import KibitzError
from comments.sites.models import Site
from comments.sites.roles import Roles, roles_of

ID_MAX_DIGITS: Final = 18  # within a 64-bit column
REASON_MAX_CHARS: Final = 500
YEAR_MAX: Final = 9999  # of which a year later there is no date
DATE_PARTS: Final = ("year", "month", "day")


def of_whom(request: HttpRequest) -> User:
    """The account that asks; the admin lets in nobody else."""
    if not isinstance(request.user, User):
        raise PermissionDenied
    return request.user


def gesture_of(request: HttpRequest, reason: str = "") -> Gesture:
    """What this request does, for the audit."""
    return Gesture(of_whom(request), timezone.now(), reason)


class ReasonForm(ActionForm):
    """The bar above a list: what to do to the chosen rows, and why."""

    reason = CharField(
        required=False,
        max_length=REASON_MAX_CHARS,
        widget=TextInput(attrs={"placeholder": "for moderators alone"}),
    )


class Scoped:
    """Permissions of a table whose rows belong to sites. They are asked anew with each request and row."""

    site_path: ClassVar[str] = "site"  # from a row to its site; "" where the row is one

    opts: Any

    def sites(self, request: HttpRequest, *actions: str) -> QuerySet[Site]:
        """The sites on which the account may do one of these to the table's rows."""
        roles, names = self._roles(request), self._permissions(actions)
        if any(map(roles.may_everywhere, names)):
            return Site.objects.all()
        return Site.objects.filter(pk__in=frozenset[int]().union(*map(roles.sites, names)))

    def may(self, request: HttpRequest, obj: Model | None, *actions: str) -> bool:
        """Whether one of these is allowed to be done to the row, or to any where it is None."""
        roles, names = self._roles(request), self._permissions(actions)
        if any(map(roles.may_everywhere, names)):
            return True
        sites = frozenset[int]().union(*map(roles.sites, names))
        return bool(sites) if obj is None else self.site_id_of(obj) in sites

    def _permissions(self, actions: Sequence[str]) -> list[str]:
        return [f"{action}_{self.opts.model_name}" for action in actions]

    def _roles(self, request: HttpRequest) -> Roles:
        """Asked once a request: a page asks for it dozens of times. What changes something asks again."""
        roles: Roles | None = request.__dict__.get("_roles")
        if roles is None:
            roles = request.__dict__["_roles"] = roles_of(request.user)
        return roles

    def site_id_of(self, row: Any) -> int | None:
        if not self.site_path:
            return row.pk if isinstance(row, Site) else None
        *way, last = self.site_path.split("__")
        for name in way:
            row = getattr(row, name)
        found: int | None = getattr(row, f"{last}_id", None)
        return found

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.may(request, obj, "view", "change")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.may(request, obj, "change")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False  # a deleted row could not be told to readers


class ScopedAdmin(Scoped, admin.ModelAdmin):  # type: ignore[type-arg]
    """A table of which everybody sees the rows of their own sites.

    `lookups` are all that an address may filter by besides the list's own filters: Django would take any
    field, and any regular expression for it.
    """

    lookups: ClassVar[Sequence[str]] = ()
    action_form = ReasonForm
    ordering: ClassVar[Any] = ("-pk",)
    show_full_result_count = False
    list_max_show_all = 200

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows = super().get_queryset(request)
        if any(map(self._roles(request).may_everywhere, self._permissions(["view", "change"]))):
            return rows
        sites = self.sites(request, "view", "change").values("pk")
        return rows.filter(**{f"{self.site_path or 'pk'}__in": sites})

    def get_field_queryset(self, db: str | None, db_field: Any, request: HttpRequest) -> QuerySet[Any] | None:
        """The choices of a foreign key: rows that one may see in their own table, none where one may not."""
        related = db_field.remote_field.model
        table = self.admin_site._registry.get(related)
        if table is None or not table.has_view_permission(request):
            return related._default_manager.none()  # type: ignore[no-any-return]
        return table.get_queryset(request)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def lookup_allowed(self, lookup: str, value: object, request: HttpRequest | None = None) -> bool:
        allowed = {"id__exact", "pk__in", *self.lookups}
        if self.date_hierarchy:
            allowed |= {f"{self.date_hierarchy}__{part}" for part in DATE_PARTS}
        for listed in self.list_filter:
            if isinstance(listed, str):
                allowed |= {listed, f"{listed}__exact", f"{listed}__isnull"}
            elif isinstance(listed, type) and issubclass(listed, admin.SimpleListFilter):
                allowed.add(str(listed.parameter_name))
            elif isinstance(listed, (list, tuple)):  # of dates
                allowed |= {f"{listed[0]}__{how}" for how in ("gte", "lt", "isnull")}
        return lookup in allowed

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if problem := self.problem_of(request):
            self.message_user(request, problem, messages.ERROR)
            if request.GET:
                return HttpResponseRedirect(request.path)
            if not self.has_view_permission(request):
                raise PermissionDenied
            return HttpResponseRedirect(request.get_full_path())
        return super().changelist_view(request, extra_context)

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        try:
            return super().changeform_view(request, object_id, form_url, extra_context)
        except KibitzError as error:  # a role that ended, or a row that changed, while the form was open
            self.message_user(request, f"{error.detail} Nothing was changed.", messages.ERROR)
            return HttpResponseRedirect(request.get_full_path())

    def problem_of(self, request: HttpRequest) -> str:
        """What is wrong with what the list is asked; Django would fail in the middle of its query."""
        asked = [value for name in request.GET for value in request.GET.getlist(name)]
        if any("\0" in value for value in asked) or any("\0" in name for name in request.GET):
            return "That cannot be searched for: it has a null character in it."
        if self.date_hierarchy:
            for part in DATE_PARTS:
                value = request.GET.get(f"{self.date_hierarchy}__{part}", "1")
                if not is_id(value) or not 0 < int(value) < YEAR_MAX:
                    return "That is no date."
        if not all(map(is_id, request.POST.getlist(ACTION_CHECKBOX_NAME))):
            return "These rows are not known. Nothing was changed."
        return ""

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> LogEntry:
        return self._log(request, obj, CHANGE, message)

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> LogEntry:
        return self._log(request, obj, ADDITION, message)

    def _log(self, request: HttpRequest, obj: Any, flag: int, message: Any) -> LogEntry:
        """Without what the row says: the account sees its latest entries on the admin's first page, also
        those about sites on which it has no role any more."""
        return LogEntry.objects.create(
            user=of_whom(request),
            content_type=ContentType.objects.get_for_model(obj),
            object_id=str(obj.pk),
            object_repr=f"{self.opts.verbose_name} {obj.pk}",
            action_flag=flag,
            change_message=json.dumps(message) if isinstance(message, list) else message,
        )


class ScopedInline(Scoped, InlineModelAdmin):  # type: ignore[type-arg]
    """Rows that belong to the row of the form, and are seen by who sees that one."""

    template = "admin/edit_inline/tabular.html"
    extra = 0
    can_delete = False
    show_change_link = False

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        table = self.admin_site._registry[self.parent_model]
        return table.has_view_permission(request, obj)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class OwnSites(admin.SimpleListFilter):
    """By site, of one's own."""

    title = "site"
    parameter_name = "site"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        sites = model_admin.sites(request, "view", "change")
        return [(str(site.pk), str(site)) for site in sites.order_by("key")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() is None:
            return queryset
        if self.value() not in {pk for pk, _ in self.lookup_choices}:
            return queryset.none()
        return queryset.filter(site=self.value())


def is_id(value: str) -> bool:
    return value.isascii() and value.isdigit() and len(value) <= ID_MAX_DIGITS
