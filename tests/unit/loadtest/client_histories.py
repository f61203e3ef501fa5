"""Random histories of a thread, delivered badly: embed/tests/histories.ts makes the same kind."""

from hypothesis import strategies as st

from tests.unit.loadtest.thread_on_server import Json

KINDS = ("create", "create", "create", "pend", "edit", "delete", "hide", "approve", "vote", "lock")

changes = st.tuples(st.sampled_from(KINDS), st.integers(0, 8))
happens = st.lists(changes, min_size=1, max_size=3).map(lambda made: {"happens": made})
seqs = st.integers(1, 14)
old_epochs = st.sampled_from(("e1", "e2"))


def tenths(most: int) -> st.SearchStrategy[float]:
    return st.integers(0, most * 10).map(lambda number: number / 10)


frames = st.tuples(st.integers(0, 4), st.integers(0, 4)).map(lambda ab: {"frame": [-max(ab), -min(ab)]})
advances = st.one_of(tenths(2), tenths(50)).map(lambda seconds: {"advance": seconds})

rare = st.one_of(
    st.tuples(seqs, st.integers(0, 2), old_epochs).map(lambda at: {"frame": [at[0], at[0] + at[1], at[2]]}),
    st.just({"head": []}),
    st.tuples(seqs, old_epochs).map(lambda at: {"head": list(at)}),
    st.integers(0, 12).map(lambda seq: {"restore": seq}),
    seqs.map(lambda seq: {"forget": seq}),
    st.sampled_from((None, 0, 503)).map(lambda status: {"server": {"fails": status}}),
    st.booleans().map(lambda is_late: {"server": {"isLate": is_late}}),
    st.integers(0, 3).map(lambda index: {"answer": index}),
    st.integers(0, 3).map(lambda index: {"answer": index, "fails": 503}),
    st.sampled_from((0, 0.5, 0.999)).map(lambda dice: {"dice": dice}),
    st.sampled_from((1006, 1001, 1012, 4029)).map(lambda code: {"break": code}),
    st.sampled_from(("open", "refused", "silent")).map(lambda manner: {"server": {"sockets": manner}}),
    st.sampled_from(("reload", "online")).map(lambda act: {"do": act}),
)

manners = st.fixed_dictionaries({"proxySeconds": st.sampled_from((0, 1)), "page": st.sampled_from((2, 200))})


@st.composite
def histories(draw: st.DrawFn) -> list[Json]:
    """The reader is connected at first; what then happens is as bad as it gets."""
    steps: list[Json] = draw(st.lists(st.one_of(happens, frames, advances, rare), max_size=40))
    return [{"server": draw(manners)}, {"do": "show"}, *steps]
