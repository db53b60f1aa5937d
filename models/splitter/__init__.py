"""Cuts a page of plain text into its story and its teasers: line features, a network over lines, a label chain."""
