"""Sphinx's configuration of the website."""

import os

project = os.environ.get("COURSE_TITLE", "The course")
author = copyright = ""
extensions = ["myst_parser", "sphinx.ext.mathjax"]
myst_heading_anchors = 6
myst_heading_slug_func = "grader.lessons.sections.slug_of"
myst_enable_extensions = ["colon_fence", "dollarmath"]
smartquotes = False  # the texts have the marks that they mean
html_theme = "furo"
html_title = project
html_static_path = ["static", os.environ.get("COURSE_STATIC", "static")]
html_extra_path = [os.environ["COURSE_PICTURES"]] if "COURSE_PICTURES" in os.environ else []
html_css_files = ["course.css"]
html_copy_source = html_show_sourcelink = html_show_copyright = html_show_sphinx = False
html_show_search_summary = False  # it would be read with fetch(), which a page from a folder may not do
html_use_index = False
html_theme_options = {
    "light_css_variables": {"color-brand-primary": "#00508c", "color-brand-content": "#00508c"},
    "dark_css_variables": {"color-brand-primary": "#7cc0f4", "color-brand-content": "#7cc0f4"},
}
mathjax_path = "mathjax/tex-svg-full.js"  # as pictures: browsers keep fonts from pages that come from a folder
mathjax3_config = {"options": {"enableMenu": False}}  # its explorer would load more
