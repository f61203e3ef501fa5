"""A thread's pages as the Python client holds them; what events do to them is in tests/vectors/state.json."""

from typing import Any

from loadtest.client.thread_state import ThreadState

Json = dict[str, Any]


def post(post_id: int, *, parent: int | None = None, seq: int | None = None, html: str = "") -> Json:
    return {
        "id": post_id,
        "seq": seq or post_id,
        "parent": parent,
        "html": html,
        "status": "published",
        "score": 0,
        "up": 0,
        "down": 0,
        "replies": 0,
    }


def page(*posts: Json, has_more: bool = False) -> Json:
    return {"thread": {"posts": len(posts)}, "posts": list(posts), "next": "more" if has_more else None}


def event(kind: str, seq: int, changed: Json) -> Json:
    return {"seq": seq, "type": kind, "posts": 9, "parent_replies": None, "post": changed}


def test_a_second_page_adds_to_the_first_and_brings_no_post_back_to_an_older_version() -> None:
    state = ThreadState(page(post(9, seq=12, html="new"), post(8), has_more=True))

    state.add_page(page(post(9, seq=9, html="old"), post(2), post(3, parent=2)))

    assert sorted(state.posts) == [2, 3, 8, 9]
    assert state.posts[9]["html"] == "new"


def test_a_root_on_a_page_not_loaded_yet_is_no_new_comment() -> None:
    state = ThreadState(page(post(9), post(8), has_more=True))

    state.apply(event("post.edited", 10, post(2, seq=10)))
    state.apply(event("post.approved", 11, post(3, seq=11)))

    assert sorted(state.posts) == [8, 9]


def test_an_approved_root_that_belongs_to_a_loaded_page_is_one() -> None:
    state = ThreadState(page(post(9), post(7), has_more=True))

    state.apply(event("post.approved", 11, post(8, seq=11)))

    assert sorted(state.posts) == [7, 8, 9]


def test_an_approved_root_is_a_new_comment_once_all_pages_are_loaded() -> None:
    state = ThreadState(page(post(9), has_more=True))
    state.add_page(page(post(7)))

    state.apply(event("post.approved", 11, post(3, seq=11)))

    assert sorted(state.posts) == [3, 7, 9]


def test_a_reply_to_a_post_that_is_not_loaded_waits_for_the_page_that_brings_both() -> None:
    state = ThreadState(page(post(1), has_more=True))
    state.apply(event("post.created", 9, post(9, parent=5)))
    assert sorted(state.posts) == [1]

    state.add_page(page(post(5), post(9, parent=5)))

    assert sorted(state.posts) == [1, 5, 9]


def test_the_thread_itself_comes_with_its_count() -> None:
    state = ThreadState(page())

    state.apply({"seq": 1, "type": "thread.locked", "posts": 12, "thread": {"locked": True, "posts": 0}})

    assert state.thread == {"locked": True, "posts": 12}
