"""Authors in Django admin: their record, trust, bans, and moderators' notes."""

from typing import Any, Final

from django import forms
from django.contrib import admin
from django.contrib.admin.widgets import AdminSplitDateTime
from django.db.models import Count, IntegerField, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join

from comments.identity.models import Author
from comments.moderation import authors
from comments.moderation.models import AuthorNote
from comments.moderation.queries import authors_seen
from comments.moderation.tables import earlier_actions, linked
from comments.signin.pictures import address_of
from comments.sites.scoped_admin import REASON_MAX_CHARS, OwnSites, ScopedAdmin, ScopedInline, gesture_of
from comments.threads.models import Post

LATEST_POSTS: Final = 10
TAKEN_DOWN: Final = [Post.Status.SPAM, Post.Status.HIDDEN, Post.Status.ERASED]

FREE, BANNED, SHADOWED = "free", "banned", "shadowed"
STANDINGS: Final = [
    (FREE, "May write"),
    (BANNED, "Banned"),
    (SHADOWED, "Shadow banned: sees their own comments, nobody else does"),
]


class AuthorForm(forms.ModelForm):  # type: ignore[type-arg]
    """Says what it showed when it was opened: who changes the trust does not end a ban of a moment ago."""

    standing = forms.ChoiceField(choices=STANDINGS, show_hidden_initial=True, required=False)
    banned_until = forms.SplitDateTimeField(
        required=False,
        widget=AdminSplitDateTime(),
        show_hidden_initial=True,
        help_text="Of a ban; empty = for good.",
    )
    ban_reason = forms.CharField(
        required=False,
        max_length=REASON_MAX_CHARS,
        show_hidden_initial=True,
        label="Reason of a ban",
        help_text="For moderators alone.",
        widget=forms.TextInput(attrs={"class": "vTextField"}),
    )

    sign_out = forms.BooleanField(
        required=False,
        label="Sign out everywhere",
        help_text="Ends all of the author's sessions. A ban ends none: who is banned may read why.",
    )
    take_picture_away = forms.BooleanField(
        required=False, help_text="Readers see a drawn one again, and no provider brings another."
    )

    class Meta:
        model = Author
        fields = ["trust"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        author: Author = self.instance
        if "trust" in self.fields:
            self.fields["trust"].show_hidden_initial = True
        shown: dict[str, Any] = {
            "standing": standing(author),
            "banned_until": author.banned_until if standing(author) == BANNED else None,
            "ban_reason": author.ban_reason,
        }
        self.initial = {**self.initial, **shown}

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or self.cleaned_data
        until = given.get("banned_until")
        if until is not None and given.get("standing") != BANNED:
            self.add_error("banned_until", "Only a ban ends by itself.")
        elif until is not None and "banned_until" in self.changed_data and until <= timezone.now():
            self.add_error("banned_until", "That is past.")
        return given


class NoteInline(ScopedInline):
    model = AuthorNote
    site_path = "author__site"
    template = "admin/edit_inline/stacked.html"  # a table is too wide for a phone
    verbose_name_plural = "notes of moderators"
    verbose_name = "note"
    fields = ["text", "written_by", "created"]
    readonly_fields = ["written_by", "created"]

    @admin.display(description="by")
    def written_by(self, note: AuthorNote) -> str:
        return "-" if note.by is None else note.by.get_username()

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        if obj is None or not self.may(request, None, "add"):
            return False
        return self.admin_site._registry[Author].has_change_permission(request, obj)

    def get_extra(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> int:
        return 1

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).select_related("by").order_by("pk")


class Standing(admin.SimpleListFilter):
    title = "bans"
    parameter_name = "standing"

    def lookups(self, request: HttpRequest, model_admin: object) -> list[tuple[str, str]]:
        return [(BANNED, "Banned"), (SHADOWED, "Shadow banned"), (FREE, "May write")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Author]) -> QuerySet[Author]:
        banned = Q(banned_at__isnull=False) & (Q(banned_until=None) | Q(banned_until__gt=timezone.now()))
        match self.value():
            case "banned":
                return queryset.filter(banned)
            case "shadowed":
                return queryset.filter(is_shadow_banned=True)
            case "free":
                return queryset.exclude(banned).exclude(is_shadow_banned=True)
        return queryset


@admin.register(Author)
class AuthorAdmin(ScopedAdmin):
    form = AuthorForm
    fieldsets = [
        (None, {"fields": ["name", "email", "site", "created", "addresses"]}),
        ("Membership", {"fields": ["is_member", "ways_in", "open_sessions", "picture_shown"]}),
        ("What they may", {"fields": ["trust", "standing", "banned_until", "ban_reason"]}),
        ("To be done now", {"fields": ["sign_out", "take_picture_away"]}),
        ("Record", {"fields": ["latest_posts", "actions_so_far"]}),
    ]
    readonly_fields = [
        *("name", "email", "site", "created", "addresses", "latest_posts", "actions_so_far"),
        *("is_member", "ways_in", "open_sessions", "picture_shown"),
    ]
    list_display = ["__str__", "site", "trust", "may_write", "posts_number", "taken_down", "created"]
    list_filter = ["trust", Standing, OwnSites]
    list_select_related = ["site"]
    search_fields = ["name", "email"]
    date_hierarchy = "created"
    inlines = [NoteInline]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        numbers = {
            "all_posts": _number_of(Post.objects.all()),
            "down_posts": _number_of(Post.objects.filter(status__in=TAKEN_DOWN)),
        }
        rows: QuerySet[Any] = super().get_queryset(request).annotate(**numbers)
        return rows

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Who only looks sees no field that is the form's alone."""
        if obj is not None and self.has_change_permission(request, obj):
            return self.fieldsets
        known, membership, *_, record = self.fieldsets
        return [known, membership, ("What they may", {"fields": ["trust", "may_write"]}), record]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return [*self.readonly_fields, "may_write"]

    @admin.display(description="may write")
    def may_write(self, author: Author) -> str:
        said = {FREE: "yes", BANNED: "banned", SHADOWED: "shadow banned"}[standing(author)]
        if standing(author) == BANNED and author.banned_until is not None:
            said += f" until {timezone.localtime(author.banned_until):%Y-%m-%d %H:%M}"
        return said

    @admin.display(description="comments")
    def posts_number(self, author: Any) -> int:
        return int(author.all_posts)

    @admin.display(description="of them taken down")
    def taken_down(self, author: Any) -> int:
        return int(author.down_posts)

    @admin.display(description="addresses last used")
    def addresses(self, author: Author) -> str:
        return ", ".join(authors_seen(author)) or "-"

    @admin.display(description="ways in")
    def ways_in(self, author: Author) -> str:
        ways = ["e-mail code"] if author.is_email_verified else []
        providers = author.identities.order_by("provider").values_list("provider", flat=True)
        return ", ".join([*ways, *providers]) or "-"

    @admin.display(description="open sessions")
    def open_sessions(self, author: Author) -> int:
        return author.sessions.filter(expires__gt=timezone.now()).count()

    @admin.display(description="picture")
    def picture_shown(self, author: Author) -> str:
        if not author.is_member:
            return "-"
        return format_html('<img src="{}" width="48" height="48" alt="">', address_of(author))

    @admin.display(description="comments")
    def latest_posts(self, author: Any) -> str:
        posts = Post.objects.filter(author=author, site=author.site_id).order_by("-created")[:LATEST_POSTS]
        every = f"{reverse('admin:comments_post_changelist')}?author__id__exact={author.pk}"
        listed = format_html_join(
            "", "{} ({})<br>", ((linked(post, post.body[:80]), post.get_status_display()) for post in posts)
        )
        return format_html('{}<a href="{}">All {}</a>', listed, every, author.all_posts)

    @admin.display(description="what moderators did")
    def actions_so_far(self, author: Author) -> str:
        return earlier_actions(author.site_id, author_id=author.pk)

    def save_model(self, request: HttpRequest, obj: Author, form: Any, change: bool) -> None:
        gesture = gesture_of(request, form.cleaned_data["ban_reason"])
        author = authors.moderated_author(obj.pk, gesture)
        changed = set(form.changed_data)
        if "trust" in changed:
            author = authors.set_trust(author, gesture, Author.Trust(form.cleaned_data["trust"]))
        wanted = form.cleaned_data["standing"] or standing(author)
        if "standing" in changed and standing(author) != FREE and wanted != standing(author):
            author = authors.unban(author, gesture)
        is_other_ban = wanted == BANNED and changed & {"banned_until", "ban_reason"}
        if wanted != FREE and ("standing" in changed or is_other_ban):
            until = form.cleaned_data["banned_until"]
            author = authors.ban(author, gesture, until=until, is_shadow=wanted == SHADOWED)
        if form.cleaned_data["sign_out"]:
            authors.sign_out(author, gesture)
        if form.cleaned_data["take_picture_away"]:
            authors.take_picture_away(author, gesture)

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        formset.save(commit=False)
        for note in formset.new_objects:
            authors.note(form.instance, gesture_of(request), note.text)
        formset.deleted_objects = formset.changed_objects = []


def standing(author: Author) -> str:
    """Whether the author may write just now."""
    if author.is_banned(timezone.now()):
        return BANNED
    return SHADOWED if author.is_shadow_banned else FREE


def _number_of(posts: QuerySet[Post]) -> Any:
    """For the rows of a page: as a join, all authors' posts would be counted first."""
    of_author = posts.filter(author=OuterRef("pk")).order_by().values("author")
    number = of_author.annotate(number=Count("*")).values("number")
    return Coalesce(Subquery(number, output_field=IntegerField()), 0)
