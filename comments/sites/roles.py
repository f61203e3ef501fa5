"""Who may do what on which site, by Django's permissions and groups.

A permission that comes from a site's group counts on that site alone. One that an account has otherwise
(superusers, permissions of its own, groups of no site) counts on every site.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from django.contrib.auth.models import Group, Permission, User
from django.db import transaction
from django.db.models import IntegerField, Q, QuerySet, Value

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


@dataclass(frozen=True, slots=True)
class Roles:
    """What an account may do, by the names of permissions such as "change_post": everywhere, and on sites."""

    is_superuser: bool = False
    everywhere: frozenset[str] = frozenset()
    on_sites: Mapping[str, frozenset[int]] = field(default_factory=dict)

    def may_everywhere(self, permission: str) -> bool:
        """Whether on every site, and on what belongs to none."""
        return self.is_superuser or permission in self.everywhere

    def sites(self, permission: str) -> frozenset[int]:
        """The numbers of the sites on which alone; empty for who may everywhere."""
        return self.on_sites.get(permission, frozenset())


def roles_of(user: object) -> Roles:
    """Asks the database anew, in two queries, so that what was taken away is gone with the next request."""
    if not isinstance(user, User):
        return Roles()
    staff = User.objects.filter(pk=user.pk, is_active=True, is_staff=True)
    is_superuser = staff.values_list("is_superuser", flat=True).first()
    if is_superuser is None:
        return Roles()
    if is_superuser:
        return Roles(is_superuser=True)
    ours = Permission.objects.filter(content_type__app_label="comments").order_by()
    own = ours.filter(user=user).values_list("codename", Value(None, IntegerField()))
    of_groups = ours.filter(group__user=user).values_list("codename", "group__of_site__site")
    everywhere: set[str] = set()
    on_sites: dict[str, set[int]] = defaultdict(set)
    for codename, site in own.union(of_groups):
        if site is None:
            everywhere.add(codename)
        else:
            on_sites[codename].add(site)
    return Roles(
        everywhere=frozenset(everywhere),
        on_sites={codename: frozenset(sites) for codename, sites in on_sites.items()},
    )


def sites_of(user: object, permission: str) -> QuerySet[Site]:
    """The sites on which the account has the permission now."""
    roles = roles_of(user)
    if roles.may_everywhere(permission):
        return Site.objects.all()
    sites = roles.sites(permission)
    return Site.objects.filter(pk__in=sites) if sites else Site.objects.none()


def may(user: object, permission: str, site_id: int) -> bool:
    """Whether the account has the permission on this site now."""
    roles = roles_of(user)
    return roles.may_everywhere(permission) or site_id in roles.sites(permission)


def may_everywhere(user: object, permission: str) -> bool:
    """Whether the account has the permission now on every site, and on what belongs to none."""
    return roles_of(user).may_everywhere(permission)


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
