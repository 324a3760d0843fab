"""The states of a release."""

import pytest

from equieval.errors import ReleaseError
from equieval.releases.status import Status, release_status


def test_every_state_is_explained_in_one_sentence():
    assert all(state.meaning.endswith(".") for state in Status)


@pytest.mark.parametrize("word", ["provisional", "final", "corrected"])
def test_a_new_version_may_be_released_in_these_states(word):
    assert release_status(word) is Status(word)


@pytest.mark.parametrize("word", ["draft", "withdrawn"])
def test_nothing_new_is_released_as_draft_or_withdrawn(word):
    with pytest.raises(ReleaseError, match=f"cannot be released as '{word}'"):
        release_status(word)


def test_a_misspelt_status_gets_a_suggestion():
    with pytest.raises(ReleaseError) as refused:
        release_status("finale", where="identity.status")
    assert refused.value.remedy == "did you mean 'final'?"
