"""Posts under what they answer, as the app shows them."""

from comments.events.shapes import PostShape
from comments.pages.branches import branches


def post(id_: int, parent: int | None = None, *, replies: int = 0, status: str = "published") -> PostShape:
    return {
        "id": id_,
        "seq": id_,
        "parent": parent,
        "author": {"name": f"author {id_}", "avatar": None},
        "html": "<p>Hello.</p>",
        "created": "2026-11-26T06:00:00.000Z",
        "edited": None,
        "status": status,
        "score": 0,
        "up": 0,
        "down": 0,
        "replies": replies,
    }


def outline(*posts: PostShape) -> list[list[tuple[int, int]]]:
    return [[(entry.post["id"], entry.depth) for entry in branch.entries] for branch in branches(posts)]


def test_replies_stand_under_what_they_answer_oldest_first() -> None:
    shown = outline(post(1, replies=2), post(2, 1, replies=1), post(3, 1), post(4, 2), post(9))

    assert shown == [[(1, 0), (2, 1), (4, 2), (3, 1)], [(9, 0)]]


def test_a_deleted_post_stays_while_something_hangs_on_it() -> None:
    shown = outline(
        post(1, replies=2, status="deleted"),
        post(2, 1, status="deleted"),
        post(3, 1),
        post(4, status="deleted"),
        post(5, status="hidden"),
    )

    assert shown == [[(1, 0), (3, 1)], [(5, 0)]]


def test_a_deleted_post_stays_while_replies_are_to_come() -> None:
    (branch,) = branches([post(1, replies=11, status="deleted")])

    assert branch.has_more


def test_a_branch_says_whether_it_is_whole() -> None:
    whole, partial = branches([post(1, replies=1), post(2, 1), post(3, replies=2), post(4, 3)])

    assert (whole.has_more, partial.has_more) == (False, True)


def test_a_reply_without_its_parent_begins_a_branch() -> None:
    shown = outline(post(7, 5), post(8, 7))

    assert shown == [[(7, 0), (8, 1)]]


def test_a_chain_of_ten_thousand_costs_no_stack() -> None:
    (branch,) = branches([post(n, n - 1 or None) for n in range(1, 10_001)])

    assert branch.entries[-1].depth == 9_999
