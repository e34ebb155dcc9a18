"""The laws of `random_sides.py` on a few cases; `cargo xtask sides` runs thousands."""

import pytest
import random_sides
from sides import laws
from sides.ask import everything
from sides.make import make

SEED, CASES, LARGEST = 13, 40, 4.5
NAMES = [*(law.__name__ for law in laws.LAWS), "every_question_is_answered"]


@pytest.fixture(scope="module")
def outcomes(binary):
    return random_sides.run_cases(SEED, CASES, binary, with_python=True, largest=LARGEST)


@pytest.mark.parametrize("name", NAMES)
def test_a_law_holds_for_random_sides(name, outcomes):
    broken = [outcome for outcome in outcomes if name in outcome.broken]
    examples = [
        f"{outcome.broken[name][0]}\n  {outcome.shape}\n  {random_sides.again(SEED, outcome.number, LARGEST)}"
        for outcome in broken[: random_sides.EXAMPLES]
    ]
    assert not broken, f"{name}: broken in {len(broken)} of {CASES} cases\n" + "\n".join(examples)


def test_laws_notice_one_user_too_many(binary, tmp_path):
    """One user more in any number of any report breaks a law, whichever number it is."""
    asked = everything(make(SEED, 0, tmp_path, 3.0), binary, with_python=True)
    before = {law.__name__: set(law(asked)) for law in laws.LAWS}
    for report in asked.reports:
        answers = report.answers
        for place in {0, len(answers) // 2, len(answers) - 1}:
            answer = answers[place]
            report.answers = list(answers)
            report.answers[place] = answer._replace(
                **{end: getattr(answer, end) + 1 for end in ("value", "lower", "upper")}
            )
            assert any(set(law(asked)) - before[law.__name__] for law in laws.LAWS), f"{report.source}: {answer} and 1"
        report.answers = answers
