"""Threads and posts in Django admin. Changes go through the use-cases, so that readers see them live;
the forms themselves are read-only."""

from collections.abc import Callable

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from comments.moderation.services import approve_post, hide_post
from comments.posting.models import Flag
from comments.threads.models import Post, Thread
from comments.threads.services import lock_against_posting, pin, slow_down, unpin


class ReadOnlyAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False  # a deleted row could not be told to readers; hiding can

    def get_readonly_fields(self, request: HttpRequest, obj: object = None) -> list[str]:
        return [field.name for field in self.opts.fields]


@admin.register(Thread)
class ThreadAdmin(ReadOnlyAdmin):
    fields = [
        "title",
        "url",
        "site",
        "page_id",
        "key",
        "is_locked",
        "slow_mode_seconds",
        "pinned_post",
        "posts",
        "epoch",
        "seq",
        "created",
    ]
    list_display = ["__str__", "site", "posts", "is_locked", "slow_mode_seconds", "created"]
    list_filter = ["site", "is_locked"]
    search_fields = ["title", "page_id", "key"]
    actions = ["lock", "unlock", "unpin"]

    def get_readonly_fields(self, request: HttpRequest, obj: object = None) -> list[str]:
        return [name for name in super().get_readonly_fields(request, obj) if name != "slow_mode_seconds"]

    def save_model(self, request: HttpRequest, obj: Thread, form: object, change: bool) -> None:
        thread = Thread.objects.select_related("site").get(pk=obj.pk)
        slow_down(thread, obj.slow_mode_seconds, now=timezone.now())

    @admin.action(description="Close to new comments", permissions=["change"])
    def lock(self, request: HttpRequest, queryset: QuerySet[Thread]) -> None:
        for thread in queryset:
            lock_against_posting(thread, is_locked=True, now=timezone.now())

    @admin.action(description="Open to new comments", permissions=["change"])
    def unlock(self, request: HttpRequest, queryset: QuerySet[Thread]) -> None:
        for thread in queryset:
            lock_against_posting(thread, is_locked=False, now=timezone.now())

    @admin.action(description="Unpin the pinned comment", permissions=["change"])
    def unpin(self, request: HttpRequest, queryset: QuerySet[Thread]) -> None:
        for thread in queryset:
            unpin(thread, now=timezone.now())


class FlagInline(admin.TabularInline):  # type: ignore[type-arg]
    model = Flag
    extra = 0
    can_delete = False
    readonly_fields = ["author", "reason", "created"]

    def has_add_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False


@admin.register(Post)
class PostAdmin(ReadOnlyAdmin):
    fields = [
        "author_name",
        "body",
        "status",
        "thread",
        "parent",
        "created",
        "edited",
        "up",
        "down",
        "replies",
    ]
    list_display = ["author_name", "excerpt", "status", "thread", "created", "up", "down"]
    list_filter = ["status", "thread__site"]
    list_select_related = ["thread"]
    search_fields = ["author_name", "body"]
    date_hierarchy = "created"
    actions = ["approve", "hide", "pin"]
    inlines = [FlagInline]

    @admin.display(description="comment")
    def excerpt(self, post: Post) -> str:
        return post.body if len(post.body) <= 100 else f"{post.body[:99]}…"

    @admin.action(description="Approve", permissions=["change"])
    def approve(self, request: HttpRequest, queryset: QuerySet[Post]) -> None:
        self._each(request, queryset, lambda post: approve_post(post, now=timezone.now()), "approved")

    @admin.action(description="Hide from readers", permissions=["change"])
    def hide(self, request: HttpRequest, queryset: QuerySet[Post]) -> None:
        self._each(request, queryset, lambda post: hide_post(post, now=timezone.now()), "hidden")

    @admin.action(description="Pin to the top of its thread", permissions=["change"])
    def pin(self, request: HttpRequest, queryset: QuerySet[Post]) -> None:
        post = queryset.select_related("thread").first()
        if queryset.count() != 1 or post is None or post.parent_id or post.status != Post.Status.PUBLISHED:
            self.message_user(request, "Choose one published top-level comment.", messages.ERROR)
            return
        pin(post.thread, post, now=timezone.now())
        self.message_user(request, "Pinned.")

    def _each(
        self, request: HttpRequest, posts: QuerySet[Post], change: Callable[[Post], bool], outcome: str
    ) -> None:
        chosen = list(posts.order_by("pk"))
        changed = sum(change(post) for post in chosen)
        left = len(chosen) - changed
        note = f" {left} needed no change." if left else ""
        self.message_user(
            request, f"{changed} {outcome}.{note}", messages.SUCCESS if changed else messages.WARNING
        )
