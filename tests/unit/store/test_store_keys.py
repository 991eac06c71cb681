"""Which keys there are."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kvjob.errors import ConfigurationError
from kvjob.store.keys import PART, check_key, check_prefix, is_key

part = st.text(
    st.characters(exclude_categories=["Cc", "Cs"], exclude_characters="/\\"), min_size=1, max_size=20
)
part = part.filter(lambda text: text not in (".", "..") and not text.startswith(PART))
valid = st.lists(part, min_size=1, max_size=5).map("/".join)


@given(key=valid, cut=st.integers(0, 200))
def test_every_beginning_of_a_key_is_a_prefix(key: str, cut: int) -> None:
    check_key(key)
    check_prefix(key[:cut])


@given(
    key=valid,
    at=st.integers(0, 200),
    fault=st.sampled_from(["\\", "\0", "\x1f", "\x7f", "\x85", "\ud800", "//", "/./", "/../"]),
)
def test_a_fault_anywhere_makes_a_key_impossible(key: str, at: int, fault: str) -> None:
    assert not is_key(key[:at] + fault + key[at:])


@pytest.mark.parametrize(
    ("key", "told"),
    [
        ("", "has the part ''"),
        ("/a", "has the part ''"),
        ("a/", "has the part ''"),
        ("a/../b", "has the part '..'"),
        ("a\nb", "control character"),
        ("a\\b", "backslash"),
        ("é" * 128, "more than 255 bytes"),
        ("/".join(["a" * 200] * 6), "longer than 1024 bytes"),
        ("a/.kvjob-part-1", "marks unfinished files"),
    ],
)
def test_the_message_names_key_and_fault(key: str, told: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        check_key(key)
    assert told in caught.value.what
    assert caught.value.where == f"store key {key!r}"


def test_the_longest_keys_are_keys() -> None:
    check_key("a" * 255)
    check_key("/".join(["a" * 255] * 4))


def test_a_bucket_prefix_counts_for_the_length() -> None:
    key = "/".join(["a" * 255] * 4)
    check_key(key, "")
    with pytest.raises(ConfigurationError, match="longer than 1024 bytes"):
        check_key(key, "study/")
