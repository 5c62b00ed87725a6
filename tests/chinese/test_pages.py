"""Reports in Chinese: no sentence, head, label or alternative text is left in English."""

import re

from bs4 import BeautifulSoup

import carstats as cs

# People, journals, software, a model's terms, and names of trials, which stay as they were given.
NAMES = {
    "Aalen", "Agresti", "Arthritis", "Blood", "Brittain", "Brookmeyer", "Cell", "Chan", "Clopper",
    "Crowley", "Engl", "Erlangen", "Feng", "Fisher", "Furie", "Howard", "Johansen",
    "Kaplan", "Khanna", "Kohler", "Lancet", "Lupus",
    "Meier", "Miettinen", "Neurol", "Nurminen", "Pearson", "Proschan", "Python", "Rheum", "Sheikh",
    "Bonett", "Cmax", "Gaffke", "Jonckheere", "Poisson", "Spearman", "Tlast", "Tmax", "Turnbull",
    "Wilcoxon", "Wright", "copies",
    "Tianjin", "Vollenhoven", "Wang", "Zhang", "Zhejiang", "beta", "care", "carstats", "cilta",
    "cmprsk", "coinfusion", "crosscheck", "lifelines", "ller", "logit", "melded", "pandas", "rank",
    "scipy", "standard", "statsmodels", "survival",
}  # fmt: skip
_WORD = r"[A-Za-z][a-z]{3,}"


def english_words(html):
    """Return the words of a page's text and alternative texts that are no names."""
    page = BeautifulSoup(html, "html.parser")
    for code in page.find_all(["style", "details"]):
        code.decompose()
    texts = [page.get_text(" ")]
    for attribute in ("alt", "aria-label", "title"):
        texts += [tag[attribute] for tag in page.find_all(attrs={attribute: True})]
    # The fingerprint of the data may have four letters in a row.
    text = re.sub(r"\b(?=\w*\d)[0-9a-f]{8,}\b", " ", " ".join(texts))
    return set(re.findall(_WORD, text)) - NAMES - trial_names()


def trial_names():
    """Return the words of the published trials' names and authors."""
    trials = cs.published_trials()
    names = [*trials.attrs["trial_names"].values(), *trials["first_author"].dropna()]
    return set(re.findall(_WORD, " ".join(names)))


def test_english_is_found():
    page = '<p>置信限 limits</p><img alt="Forest plot"><details>Code</details>'
    assert english_words(page) == {"limits", "Forest", "plot"}


def test_report_has_no_english_words(tmp_path):
    cs.write_study(cs.simulate_study(9, 40), tmp_path / "study")
    page, *_ = cs.study_report(tmp_path / "study", tmp_path / "out", lang="zh")
    assert english_words(page.read_text("utf-8")) == set()
