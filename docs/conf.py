"""The site: `make docs` builds it from these pages; warnings are errors."""

import sys
from pathlib import Path

import matplotlib

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[1]))

import carstats

project = "carstats"
author = "carstats developers"
copyright = "carstats developers, MIT"
version = release = carstats.__version__
language = "en"

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "numpydoc",
    "sphinx_design",
    "building",
]
exclude_patterns = ["_build", "examples", "fonts", "translation"]
source_suffix = {".md": "markdown"}
myst_enable_extensions = ["colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3
suppress_warnings = ["config.cache"]

autodoc_typehints = "none"
autodoc_class_signature = "separated"
autosummary_generate = False  # numpydoc brings it along
add_module_names = False
default_role = "py:obj"  # of docstrings: `define_cohort` is a link
numpydoc_show_class_members = False
numpydoc_xref_param_type = False

html_theme = "pydata_sphinx_theme"
html_title = "carstats"
# A font with a table for mathematics, without which tall brackets do not stretch: matplotlib's own.
html_static_path = ["static", f"{matplotlib.get_data_path()}/fonts/ttf/DejaVuSerif.ttf"]
html_css_files = ["site.css"]
html_math_renderer = "mathml"
html_copy_source = False
html_show_sourcelink = False
html_show_sphinx = False
# Pages are written for paper too: one look, in light.
html_context = {"default_mode": "light"}
html_theme_options = {
    "navbar_end": [],
    "navbar_align": "left",
    "footer_start": ["copyright"],
    "footer_end": [],
    "show_prev_next": False,
    "header_links_before_dropdown": 10,
    "secondary_sidebar_items": {
        "**": ["page-toc"],
        **{page: [] for page in ("index", "r", "sas", "coverage", "results")},
    },
    "pygments_light_style": "a11y-high-contrast-light",
}
html_sidebars = {page: [] for page in ("index", "start", "tutorial", "endpoints", "r", "sas", "zh")}
