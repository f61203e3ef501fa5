"""Who may do what on which site, by Django's permissions and groups.

A permission that comes from a site's group counts on that site alone. One that an account has otherwise
(superusers, permissions of its own, groups of no site) counts on every site.
"""

from typing import Final, TypeGuard

from django.contrib.auth.models import Group, Permission, User
from django.db import transaction
from django.db.models import Q, QuerySet

from comments.sites.models import Site, SiteGroup

MODERATE: Final = "change_post"

MODERATORS_MAY: Final = (
    "view_post",
    MODERATE,
    "view_thread",
    "change_thread",
    "view_author",
    "change_author",
    "view_site",
    "view_action",
    "view_authornote",
    "add_authornote",
)
OWNERS_MAY: Final = (*MODERATORS_MAY, "change_site", "view_flag")


def sites_of(user: object, permission: str) -> QuerySet[Site]:
    """The sites on which the account has a permission of ours, such as "change_post"; asks the database anew
    each time, so that what was taken away is gone with the next request."""
    if not _is_staff(user):
        return Site.objects.none()
    if may_everywhere(user, permission):
        return Site.objects.all()
    return Site.objects.filter(pk__in=_groups(user, permission).values("of_site__site"))


def may(user: object, permission: str, site_id: int) -> bool:
    """Whether the account has the permission on this site."""
    if not _is_staff(user):
        return False
    return may_everywhere(user, permission) or (
        _groups(user, permission).filter(of_site__site=site_id).exists()
    )


def may_everywhere(user: object, permission: str) -> bool:
    """Whether the account has the permission on every site, and on what belongs to none."""
    if not _is_staff(user):
        return False
    if user.is_superuser:
        return True
    named = {"codename": permission, "content_type__app_label": "comments"}
    return (
        user.user_permissions.filter(**named).exists()
        or user.groups.filter(
            of_site=None,
            permissions__codename=permission,
            permissions__content_type__app_label="comments",
        ).exists()
    )


def moderators_of(site_id: int) -> QuerySet[User]:
    """Every account that may moderate the site's posts."""
    permission = Permission.objects.filter(codename=MODERATE, content_type__app_label="comments")
    groups = Group.objects.filter(permissions__in=permission).filter(
        Q(of_site=None) | Q(of_site__site=site_id)
    )
    return User.objects.filter(
        Q(is_superuser=True)
        | Q(pk__in=User.objects.filter(groups__in=groups).values("pk"))
        | Q(pk__in=User.objects.filter(user_permissions__in=permission).values("pk")),
        is_active=True,
        is_staff=True,
    )


def members(site: Site, role: SiteGroup.Role) -> QuerySet[User]:
    """The accounts that have the role on the site."""
    return User.objects.filter(groups__of_site__site=site, groups__of_site__role=role)


def set_members(site: Site, role: SiteGroup.Role, users: list[User]) -> None:
    """Gives the role to these accounts and to no other, and lets them into the admin."""
    with transaction.atomic():
        group_of(site, role).user_set.set(users)
        User.objects.filter(pk__in=[user.pk for user in users], is_staff=False).update(is_staff=True)


def group_of(site: Site, role: SiteGroup.Role) -> Group:
    """The site's group for the role, made when it is first asked for. A superuser may change what its members
    may."""
    with transaction.atomic():
        found = SiteGroup.objects.select_related("group").filter(site=site, role=role).first()
        if found is not None:
            return found.group
        group, _ = Group.objects.get_or_create(name=f"{site.key}: {role.label}s")
        codes = OWNERS_MAY if role == SiteGroup.Role.OWNER else MODERATORS_MAY
        group.permissions.set(
            Permission.objects.filter(content_type__app_label="comments", codename__in=codes)
        )
        SiteGroup.objects.create(site=site, group=group, role=role)
    return group


def _groups(user: User, permission: str) -> QuerySet[Group]:
    return user.groups.filter(
        permissions__codename=permission, permissions__content_type__app_label="comments"
    )


def _is_staff(user: object) -> TypeGuard[User]:
    """Asked anew: a request's user may have been removed since it was fetched."""
    return isinstance(user, User) and User.objects.filter(pk=user.pk, is_active=True, is_staff=True).exists()
