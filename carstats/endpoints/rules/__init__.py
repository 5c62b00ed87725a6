"""The clinical rules, by organ system: what clinicians review.

Each rule declares its endpoint above it (`record.declaring.rule`): name, disease, kind, definition,
thresholds, source and standing, which its docstring does not repeat. Docstrings name a parameter
and its meaning in one line; its type stands in the signature, and a threshold is its default there.

What holds for every rule:

- A value is one number, flag or word, or a sequence of them, one for each visit or subject; NaN,
  NA or None is a blank. A range such as "0 to 62" is checked.
- A score is NaN and a verdict NA where a blank could change it; the docstring says where a blank
  does not matter.
- `CarstatsError` is raised where a value is out of its range or implausible in its unit, a flag is
  neither true nor false, a word is none of those named, or a table lacks a column.

Parameters that mean the same in every rule:

baseline, follow_up : The measure before lymphodepletion and now.
rescue : Rescue treatment, re-infusion or death before the visit: no response, whatever is missing.
points, percent : The change, at least.
prednisone_mg : Daily dose on the day of the visit, mg of prednisone.
subjects : The subjects to answer for, also those without a row; None: those of the table.
unit : Unit of `value`.
window : First and last day; None for no end.
censor_days : By subject, the last day that counts: death, relapse therapy, end of follow-up.
lymphodepletion_days : By subject, the first day of lymphodepletion: the baseline is the last value
    before it, or else before the infusion.
infusions : `subject_id`, `day`, optionally `infusion_number`; by default one infusion on day 0.
gap_days, onset_window_days, late_onset_days, split_at_infusion : As in
    `record.episodes.merge_episodes`.
competing : `subject_id`, `day`, `cause`; samples from then on are not read.
count : ``"cumulative"``: days of the whole window; ``"longest"``: of its longest stretch without a
    recovery.
child_below : Age below which CAPD takes the place of ICE, years.
threshold : Another threshold, g/L, in place of the preset.
"""
