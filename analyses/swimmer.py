"""The course of each subject of one disease: response, drug-free, relapse, re-infusion, death."""

import carstats as cs
from carstats.messages import message
from carstats.report.figures import swimmer_figure
from carstats.report.pages.save import save_figure
from carstats.run.reproduce import main_cohort, run

MOST = 45


def main(study, out):
    """Draw the largest disease that has room on a page, else that of one target."""
    subjects = main_cohort(study).subjects
    for columns in (["disease"], ["disease", "target"]):
        counts = subjects.groupby(columns).size().sort_values(ascending=False, kind="stable")
        level = next((key for key, n in counts.items() if n <= MOST), counts.index[-1])
        names = level if isinstance(level, tuple) else (level,)
        if counts[level] <= MOST:
            break
    criteria = [cs.where(c, name) for c, name in zip(columns, names, strict=True)]
    label = str(names[0])
    if len(names) > 1:
        label = message("{words} and {last}", words=names[0], last=names[1])
    if "infused" in study.subjects:
        criteria.append(cs.infused())
        label = message("infused, {names}", names=label)
    cohort = cs.define_cohort(study, *criteria, label=label)
    courses = cs.subject_timelines(cohort, by="target")
    save_figure(swimmer_figure(courses), courses, out, "swimmer")


if __name__ == "__main__":
    run(main)
