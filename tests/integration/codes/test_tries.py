"""What is typed opens once, in time, with its own id, and not by guessing."""

from uuid import uuid4

import pytest

from comments.identity.models import Session
from comments.mail.models import Mail
from comments.models import EmailCode
from comments.sites.services import create_site
from tests.cast import API, ORIGIN, Person, page_of
from tests.integration.codes.readers import OWN_PAGE, mail_of, make_older, sent, typed, wrong


@pytest.mark.parametrize(
    "code",
    ["", "12345", "1234567", "12345a", "½23456", "²23456", "12345\u200b6", "1e5", "-12345", "\x00" * 6],
)
def test_what_is_no_code_is_said_and_counts_as_no_try(reader: Person, code: str) -> None:
    code_id, _ = sent(reader)

    answer = typed(reader, code_id, code)

    assert (answer.status, list(answer.data["fields"])) == (400, ["code"])
    assert EmailCode.objects.get().tries == 0


@pytest.mark.parametrize("code", [123456, None, ["1", "2"], {"$gt": ""}, True])
def test_a_code_is_a_text(reader: Person, code: object) -> None:
    code_id, _ = sent(reader)

    assert typed(reader, code_id, code).status == 400


@pytest.mark.parametrize(
    "digits", ["٠١٢٣٤٥٦٧٨٩", "０１２３４５６７８９", "۰۱۲۳۴۵۶۷۸۹"], ids=["arabic", "full width", "persian"]
)
def test_a_keyboard_in_another_script_types_the_same_code(reader: Person, digits: str) -> None:
    code_id, code = sent(reader)
    typed_so = "".join(digits[int(digit)] for digit in code)

    assert typed(reader, code_id, f" {typed_so[:3]} {typed_so[3:]} ").status == 200


def test_a_code_is_dead_after_five_wrong_ones_even_for_the_right_one(reader: Person) -> None:
    code_id, code = sent(reader)

    said = [typed(reader, code_id, wrong(code)).code for _ in range(5)]

    assert said == ["wrong_code"] * 4 + ["code_expired"]
    assert typed(reader, code_id, code).code == "code_expired"
    assert not Session.objects.exists()


def test_the_fifth_try_may_be_the_right_one(reader: Person) -> None:
    code_id, code = sent(reader)
    for _ in range(4):
        typed(reader, code_id, wrong(code))

    assert typed(reader, code_id, code).status == 200


def test_a_code_opens_once(reader: Person) -> None:
    code_id, code = sent(reader)
    assert typed(reader, code_id, code).status == 200
    mallory = Person("mallory", reader.page)

    answer = typed(mallory, code_id, code)

    assert (answer.status, answer.code) == (403, "code_expired")
    assert Session.objects.count() == 1


def test_a_code_is_good_for_ten_minutes(reader: Person) -> None:
    code_id, code = sent(reader)
    make_older(601)

    assert typed(reader, code_id, code).code == "code_expired"
    make_older(-2)
    assert typed(reader, code_id, code).status == 200


def test_a_new_code_ends_the_one_before(reader: Person) -> None:
    first_id, first = sent(reader)
    make_older(31)
    second_id, second = sent(reader)

    assert mail_of(first_id).state == Mail.State.FAILED  # it has not left and need not
    assert mail_of(first_id).context == {}
    assert typed(reader, first_id, first).code == "code_expired"
    assert typed(reader, second_id, second).status == 200


def test_a_code_of_another_address_ends_nothing(reader: Person) -> None:
    first_id, first = sent(reader)
    sent(reader, "bob@example.org")

    assert typed(reader, first_id, first).status == 200


def test_a_code_is_of_one_site(reader: Person) -> None:
    other = create_site("other", origins=[ORIGIN], is_unlimited=True)
    code_id, code = sent(reader)
    there_id, there = sent(Person("reader", page_of(other)))  # is another code, and ends nothing here

    assert typed(reader, code_id, code, site="other").code == "not_found"
    assert typed(reader, there_id, there).code == "not_found"
    assert typed(reader, code_id, code).status == 200


def test_a_code_is_good_with_its_own_id_alone(reader: Person) -> None:
    _, code = sent(reader)
    bobs_id, bobs = sent(reader, "bob@example.org")

    assert typed(reader, str(uuid4()), code).code == "not_found"
    if code != bobs:
        assert typed(reader, bobs_id, code).code == "wrong_code"


def test_what_goes_wrong_at_the_last_step_leaves_the_code_good(
    reader: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    code_id, code = sent(reader)
    answer = reader.send(
        "POST", f"{API}sites/blog/codes/{code_id}/", {"code": code}, OWN_PAGE | {"X-Kibitz-Author": "x" * 12}
    )

    assert answer.code == "signed_out"
    assert typed(reader, code_id, code).status == 200
