"""Threads and posts in Django admin. Changes go through the use-cases, so that readers see them live and the
audit has them."""

from collections import Counter
from typing import Any, Final

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest

from comments.audit.services import Gesture
from comments.errors import KibitzError
from comments.moderation.services import POSTS_PER_GESTURE, Decision, decide
from comments.moderation.showing import change_thread, moderated_post, set_pinned
from comments.moderation.tables import earlier_actions, linked
from comments.posting.models import Flag
from comments.sites.scoped_admin import OwnSites, ScopedAdmin, ScopedInline, gesture_of
from comments.threads.models import Post, Thread

THREAD: Final = (
    "title",
    "url",
    "site",
    "page_id",
    "key",
    "is_locked",
    "slow_mode_seconds",
    "moderation",
    "stays_open",
    "pinned",
    "posts",
    "created",
    "actions_so_far",
)
POST: Final = (
    "author_name",
    "written_by",
    "address",
    "body",
    "status",
    "is_featured",
    "site",
    "in_thread",
    "reply_to",
    "created",
    "edited",
    "up",
    "down",
    "replies",
    "actions_so_far",
)
EXCERPT_CHARS: Final = 100
THREADS_PER_GESTURE: Final = 500
NOT_PINNED: Final = "Choose one published top-level comment."


class ThreadForm(forms.ModelForm):  # type: ignore[type-arg]
    """Says what it showed when it was opened, so that who changes one thing does not take back another's
    change of something else."""

    class Meta:
        model = Thread
        fields = ["is_locked", "slow_mode_seconds", "moderation"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.show_hidden_initial = True


@admin.register(Thread)
class ThreadAdmin(ScopedAdmin):
    form = ThreadForm
    fields = THREAD
    list_display = ["__str__", "site", "posts", "is_locked", "slow_mode_seconds", "created"]
    list_filter = [OwnSites, "is_locked", "moderation"]
    list_select_related = ["site"]
    search_fields = ["title", "page_id", "key"]
    date_hierarchy = "created"
    actions = ["lock", "unlock", "unpin"]

    def get_readonly_fields(self, request: HttpRequest, obj: object = None) -> list[str]:
        return [name for name in THREAD if name not in ThreadForm.Meta.fields]

    @admin.display(description="pinned comment")
    def pinned(self, thread: Thread) -> str:
        post = thread.pinned_post
        return "-" if post is None else linked(post, excerpt(post))

    @admin.display(description="what moderators did")
    def actions_so_far(self, thread: Thread) -> str:
        return earlier_actions(thread.site_id, thread_id=thread.pk, post_id=None)

    def save_model(self, request: HttpRequest, obj: Thread, form: Any, change: bool) -> None:
        thread = Thread.objects.select_related("site").get(pk=obj.pk)
        changed = {name: form.cleaned_data[name] for name in form.changed_data}
        if changed:
            change_thread(thread, gesture_of(request), **changed)

    @admin.action(description="Close to new comments", permissions=["change"])
    def lock(self, request: HttpRequest, queryset: QuerySet[Thread]) -> None:
        self._each(request, queryset, is_locked=True)

    @admin.action(description="Open to new comments", permissions=["change"])
    def unlock(self, request: HttpRequest, queryset: QuerySet[Thread]) -> None:
        self._each(request, queryset, is_locked=False)

    @admin.action(description="Unpin the pinned comment", permissions=["change"])
    def unpin(self, request: HttpRequest, queryset: QuerySet[Thread]) -> None:
        gesture, unpinned = _gesture(request), 0
        for pk in queryset.exclude(pinned_post=None).values_list("pinned_post", flat=True)[
            :THREADS_PER_GESTURE
        ]:
            try:
                set_pinned(moderated_post(pk, gesture), gesture, is_on=False)
                unpinned += 1
            except KibitzError as error:
                self.message_user(request, error.detail, messages.ERROR)
        self.message_user(request, f"{unpinned} unpinned.")

    def _each(self, request: HttpRequest, threads: QuerySet[Thread], **fields: object) -> None:
        gesture, changed = _gesture(request), 0
        for thread in threads.select_related("site").order_by("pk")[:THREADS_PER_GESTURE]:
            try:
                change_thread(thread, gesture, **fields)
                changed += 1
            except KibitzError as error:
                self.message_user(request, error.detail, messages.ERROR)
        self.message_user(request, f"{changed} changed.")


class FlagInline(ScopedInline):
    model = Flag
    verbose_name_plural = "reports"
    fields = readonly_fields = ("by", "reason", "created", "is_open")

    @admin.display(description="by")
    def by(self, flag: Flag) -> str:
        return linked(flag.author, str(flag.author))


class Reported(admin.SimpleListFilter):
    title = "reports"
    parameter_name = "reported"

    def lookups(self, request: HttpRequest, model_admin: object) -> list[tuple[str, str]]:
        return [("yes", "Reported, and not decided yet")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Post]) -> QuerySet[Post]:
        return queryset.filter(open_flags__gt=0) if self.value() == "yes" else queryset


@admin.register(Post)
class PostAdmin(ScopedAdmin):
    fields = POST
    list_display = ["author_name", "excerpt", "status", "thread", "created", "open_flags", "up", "down"]
    list_filter = ["status", Reported, OwnSites]
    list_select_related = ["thread"]
    lookups = ["author__id__exact", "thread__id__exact"]
    search_fields = ["author_name", "body", "=author__email", "=address"]
    search_help_text = "In names and texts; or a whole e-mail or network address."
    date_hierarchy = "created"
    actions = ["approve", "hide", "spam", "erase", "pin"]
    inlines = [FlagInline]

    def get_readonly_fields(self, request: HttpRequest, obj: object = None) -> list[str]:
        return [*POST]

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False  # the form shows; what is done, is done by actions

    def has_moderate_permission(self, request: HttpRequest) -> bool:
        return self.may(request, None, "change")

    @admin.display(description="comment")
    def excerpt(self, post: Post) -> str:
        return excerpt(post)

    @admin.display(description="author")
    def written_by(self, post: Post) -> str:
        return "-" if post.author is None else linked(post.author, str(post.author))

    @admin.display(description="thread")
    def in_thread(self, post: Post) -> str:
        return linked(post.thread, str(post.thread))

    @admin.display(description="reply to")
    def reply_to(self, post: Post) -> str:
        return "-" if post.parent is None else linked(post.parent, excerpt(post.parent))

    @admin.display(description="what moderators did")
    def actions_so_far(self, post: Post) -> str:
        return earlier_actions(post.site_id, post_id=post.pk)

    @admin.action(description="Approve", permissions=["moderate"])
    def approve(self, request: HttpRequest, queryset: QuerySet[Post]) -> None:
        self._decide(request, queryset, Decision.APPROVE, "approved")

    @admin.action(description="Hide from readers", permissions=["moderate"])
    def hide(self, request: HttpRequest, queryset: QuerySet[Post]) -> None:
        self._decide(request, queryset, Decision.REJECT, "hidden")

    @admin.action(description="Spam: hide from readers", permissions=["moderate"])
    def spam(self, request: HttpRequest, queryset: QuerySet[Post]) -> None:
        self._decide(request, queryset, Decision.SPAM, "marked as spam")

    @admin.action(description="Delete the text for good", permissions=["moderate"])
    def erase(self, request: HttpRequest, queryset: QuerySet[Post]) -> None:
        self._decide(request, queryset, Decision.DELETE, "deleted")

    @admin.action(description="Pin to the top of its thread", permissions=["moderate"])
    def pin(self, request: HttpRequest, queryset: QuerySet[Post]) -> None:
        chosen = list(queryset[:2])
        if len(chosen) != 1 or chosen[0].parent_id or chosen[0].status != Post.Status.PUBLISHED:
            self.message_user(request, NOT_PINNED, messages.ERROR)
            return
        gesture = _gesture(request)
        try:
            set_pinned(moderated_post(chosen[0].pk, gesture), gesture, is_on=True)
        except KibitzError as error:
            self.message_user(request, error.detail, messages.ERROR)
            return
        self.message_user(request, "Pinned.")

    def _decide(self, request: HttpRequest, posts: QuerySet[Post], decision: Decision, said: str) -> None:
        ids = posts.order_by("pk").values_list("pk", flat=True)[:POSTS_PER_GESTURE]
        try:
            outcomes = decide(decision, ids, _gesture(request))
        except KibitzError as error:
            self.message_user(request, error.detail, messages.ERROR)
            return
        found = Counter(outcome.result for outcome in outcomes)
        told = [f"{found['done']} {said}."]
        told += [f"{found['unchanged']} needed no change."] if found["unchanged"] else []
        told += [f"{found['conflict']} cannot be changed any more."] if found["conflict"] else []
        told += [f"{found['claimed']} are being handled by somebody else."] if found["claimed"] else []
        told += [f"{found['gone']} are not there for you."] if found["gone"] else []
        self.message_user(request, " ".join(told), messages.SUCCESS if found["done"] else messages.WARNING)


def excerpt(post: Post) -> str:
    return post.body if len(post.body) <= EXCERPT_CHARS else f"{post.body[: EXCERPT_CHARS - 1]}…"


def _gesture(request: HttpRequest) -> Gesture:
    """What the bar above a list says; its form has looked at the reason."""
    return gesture_of(request, request.POST.get("reason", ""))
