"""What moderators did, in Django admin: to be read, searched and taken along, and never changed."""

import csv
import json
from collections.abc import Iterator
from typing import Any, Final

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.urls import path, reverse
from django.utils import timezone

from comments.audit.models import Action
from comments.events.shapes import rfc3339
from comments.identity.models import Author
from comments.moderation.tables import linked, shown
from comments.sites.scoped_admin import OwnSites, ScopedAdmin
from comments.threads.models import Post, Thread

FIELDS: Final = (
    "created",
    "site",
    "kind",
    "by",
    "reason",
    "post_id",
    "author_id",
    "thread_id",
    "before",
    "after",
    "batch",
)
FORM: Final = ("created", "site", "by", "kind", "about", "changes", "reason", "batch")
CHUNK: Final = 1_000
NAMES_MAX: Final = 100
FORMULA_SIGNS: Final = ("=", "+", "-", "@", "\t", "\r")


class By(admin.SimpleListFilter):
    """By account, of those who did something on one's own sites."""

    title = "who"
    parameter_name = "by"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        rows = model_admin.get_queryset(request).order_by("by").values_list("by", flat=True)
        return [(name, name) for name in rows.distinct()[:NAMES_MAX]]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Action]) -> QuerySet[Action]:
        return queryset if self.value() is None else queryset.filter(by=self.value())


@admin.register(Action)
class ActionAdmin(ScopedAdmin):
    change_list_template = "moderation/actions.html"
    fields = FORM
    list_display = ["created", "by", "kind", "about", "changes", "reason", "site"]
    list_filter = ["kind", By, ("created", admin.DateFieldListFilter), OwnSites]
    list_select_related = ["site"]
    lookups = ["post_id", "author_id", "thread_id", "batch"]
    search_fields = ["by", "reason", "=post_id", "=author_id", "=thread_id"]
    search_help_text = "In names and reasons; or the number of a comment, an author or a thread."
    date_hierarchy = "created"
    ordering = ["-created", "-id"]
    actions = None

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_readonly_fields(self, request: HttpRequest, obj: object = None) -> list[str]:
        return [*FORM]

    @admin.display(description="about")
    def about(self, row: Action) -> str:
        for model, pk in ((Post, row.post_id), (Author, row.author_id), (Thread, row.thread_id)):
            if pk is not None:
                return linked(model(pk=pk), f"{model._meta.verbose_name} {pk}")
        return "-"

    @admin.display(description="what changed")
    def changes(self, row: Action) -> str:
        names = [name for name in dict.fromkeys([*row.before, *row.after]) if name != "flags"]
        return "; ".join(
            f"{name}: {shown(row.before.get(name))} → {shown(row.after.get(name))}" for name in names
        )

    def get_urls(self) -> list[Any]:
        export = self.admin_site.admin_view(self.export)
        return [path("export.<str:form>", export, name="comments_action_export"), *super().get_urls()]

    def export(self, request: HttpRequest, form: str) -> Any:
        """Everything that the list shows with these filters, on however many pages."""
        if form not in {"csv", "jsonl"}:
            raise Http404
        if not self.has_view_permission(request):
            raise PermissionDenied
        back = reverse("admin:comments_action_changelist")
        if problem := self.problem_of(request):
            self.message_user(request, problem, messages.ERROR)
            return HttpResponseRedirect(back)
        try:
            rows = self.get_changelist_instance(request).get_queryset(request)
        except admin.options.IncorrectLookupParameters:
            return HttpResponseRedirect(f"{back}?e=1")
        rows = rows.select_related("site").order_by("created", "pk")
        lines = _csv(rows) if form == "csv" else _json_lines(rows)
        kind = "text/csv; charset=utf-8" if form == "csv" else "application/jsonl"
        name = f"actions-{timezone.now():%Y-%m-%d}.{form}"
        headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
        return StreamingHttpResponse(lines, content_type=kind, headers=headers)

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """An action has no history: it is one."""
        return HttpResponseRedirect(reverse("admin:comments_action_change", args=[object_id]))


class _Echo:
    """A file whose lines go on instead of being kept."""

    def write(self, line: str) -> str:
        return line


def _shape(row: Action) -> dict[str, Any]:
    shape = {name: getattr(row, name) for name in FIELDS}
    return shape | {
        "created": rfc3339(row.created),
        "site": row.site.key if row.site else None,
        "batch": str(row.batch),
    }


def _json_lines(rows: QuerySet[Action]) -> Iterator[str]:
    for row in rows.iterator(chunk_size=CHUNK):
        yield json.dumps(_shape(row), ensure_ascii=False) + "\n"


def _csv(rows: QuerySet[Action]) -> Iterator[str]:
    writer: Any = csv.writer(_Echo())
    yield writer.writerow(FIELDS)
    for row in rows.iterator(chunk_size=CHUNK):
        yield writer.writerow([_cell(value) for value in _shape(row).values()])


def _cell(value: object) -> str:
    """A spreadsheet would take a name or a reason that begins like a formula for one."""
    if value is None:
        return ""
    said = json.dumps(value, ensure_ascii=False) if isinstance(value, dict) else str(value)
    return f"'{said}" if said.startswith(FORMULA_SIGNS) else said
