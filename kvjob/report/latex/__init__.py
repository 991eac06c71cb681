"""LaTeX: what names become in it, and a paper that puts the report's tables and figures together."""
