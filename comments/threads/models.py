"""Threads and posts."""

from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import Q

from comments.sites.models import Site


class Thread(models.Model):
    """One page's comments. Its row's lock orders every visible change: who holds it takes the next `seq`."""

    site = models.ForeignKey("comments.Site", models.CASCADE, related_name="threads")
    key = models.CharField(max_length=26, unique=True)
    page_id = models.CharField(max_length=2_000)
    url = models.CharField(max_length=2_000)
    title = models.CharField(max_length=300, blank=True)
    epoch = models.CharField(max_length=16)
    seq = models.BigIntegerField(default=0)
    posts = models.PositiveIntegerField(default=0)  # published ones
    is_locked = models.BooleanField("locked", default=False)
    slow_mode_seconds = models.PositiveIntegerField(
        "slow mode (seconds)",
        default=0,
        validators=[MaxValueValidator(86_400)],
        help_text="Between two comments of one author; 0 = no slow mode. Readers see a change live.",
    )
    moderation = models.CharField(
        max_length=4,
        choices=Site.Moderation,
        default="",
        db_default="",
        blank=True,
        help_text="Of this thread alone; empty = as its site says.",
    )
    stays_open = models.BooleanField(
        default=False,
        db_default=False,
        help_text="Is not closed when it is old: a moderator opened it again.",
    )
    pinned_post = models.ForeignKey("comments.Post", models.SET_NULL, null=True, blank=True, related_name="+")
    created = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(
                fields=["site", "created"],
                condition=Q(is_locked=False, stays_open=False),
                name="thread_to_close",
            )
        ]

    # Type checkers cannot see the columns behind foreign keys through the protocols of events.shapes.
    pinned_post_id: int | None

    def __str__(self) -> str:
        return self.title or self.page_id


class Incarnation(models.Model):
    """A new beginning of the whole database, after it was restored: threads that begin now have its epoch."""

    epoch = models.CharField(max_length=16)
    began = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.epoch} since {self.began}"


class Post(models.Model):
    """A comment, at any depth.

    `root` is the top of its branch and `branch_index` its place among the branch's replies in order of
    arrival, from 1; both are null for a root. So a branch is one index scan, however deep it is.
    """

    class Status(models.TextChoices):
        PUBLISHED = "published"
        PENDING = "pending"
        SPAM = "spam"
        SHADOWED = "shadowed", "Shown to its author alone"
        HIDDEN = "hidden", "Hidden by a moderator"
        ERASED = "erased", "Deleted by a moderator"
        DELETED = "deleted", "Deleted by its author"

    # Told again, so that a site's newest posts are one index scan. No constraint: the thread's has one, and
    # another would lock the site's row with each post.
    site = models.ForeignKey(
        "comments.Site", models.CASCADE, related_name="+", db_constraint=False, db_index=False
    )
    thread = models.ForeignKey(
        Thread, models.CASCADE, related_name="all_posts", db_index=False
    )  # has an index that begins with it: post_created
    parent = models.ForeignKey("self", models.PROTECT, null=True, related_name="all_replies")
    root = models.ForeignKey(
        "self", models.PROTECT, null=True, related_name="branch", db_index=False
    )  # and so has this: post_branch_index
    branch_index = models.PositiveIntegerField(null=True)
    branch_size = models.PositiveIntegerField(default=0)  # of a root: replies that ever took a branch_index
    author = models.ForeignKey("comments.Author", models.SET_NULL, null=True, related_name="posts")
    author_name = models.CharField(max_length=64)
    author_key = models.CharField(max_length=12, default="", db_default="", editable=False)  # public_key
    by_member = models.BooleanField(default=False, db_default=False)  # whose picture readers are shown
    body = models.TextField()
    html = models.TextField()
    status = models.CharField(max_length=9, choices=Status, default=Status.PUBLISHED)
    is_listed = models.BooleanField(default=True)  # was public once, so the list keeps at least its stub
    seq = models.BigIntegerField(default=0)  # of its latest visible change; 0 before the first
    replies = models.PositiveIntegerField(default=0)  # direct and listed
    up = models.PositiveIntegerField(default=0)
    down = models.PositiveIntegerField(default=0)
    best = models.FloatField(default=0.0)
    controversy = models.FloatField(default=0.0)
    voted_seq = models.BigIntegerField(
        null=True
    )  # the thread's seq at its latest vote: resuming readers get its totals
    open_flags = models.PositiveIntegerField(default=0, db_default=0)  # reports that nobody decided yet
    is_featured = models.BooleanField(default=False, db_default=False)
    badge = models.CharField(max_length=24, default="", db_default="", blank=True)
    address = models.GenericIPAddressField(null=True, help_text="Private; the sender's.")
    created = models.DateTimeField()
    edited = models.DateTimeField(null=True)
    idempotency_key = models.UUIDField(null=True)
    idempotency_digest = models.CharField(max_length=64, blank=True)

    parent_id: int | None
    root_id: int | None

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["thread", "idempotency_key"],
                condition=Q(idempotency_key__isnull=False),
                name="post_idempotency_key",
            ),
            models.UniqueConstraint(
                fields=["root", "branch_index"], condition=Q(root__isnull=False), name="post_branch_index"
            ),
        ]
        indexes = [
            models.Index(fields=["thread", "created", "id"], name="post_created"),  # feeds: the latest
            models.Index(
                fields=["site", "created", "id"],
                condition=Q(status="published", is_listed=True),
                name="post_of_site",
            ),
            models.Index(
                fields=["site", "status", "created", "id"],
                condition=~Q(status="published"),
                name="post_queue",
            ),
            models.Index(
                fields=["site", "created", "id"], condition=Q(open_flags__gt=0), name="post_reported"
            ),
            models.Index(
                fields=["thread", "created", "id"],
                condition=Q(root=None, is_listed=True),
                name="root_created",
            ),
            models.Index(
                fields=["thread", "best", "id"], condition=Q(root=None, is_listed=True), name="root_best"
            ),
            models.Index(
                fields=["thread", "controversy", "id"],
                condition=Q(root=None, is_listed=True),
                name="root_controversy",
            ),
            models.Index(
                fields=["thread", "replies", "id"],
                condition=Q(root=None, is_listed=True),
                name="root_replies",
            ),
            models.Index(
                fields=["thread", "voted_seq"], condition=Q(voted_seq__isnull=False), name="post_voted_seq"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.author_name}: {self.body[:60]}"
