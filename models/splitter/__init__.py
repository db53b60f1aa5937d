"""Cuts a page of plain text into its story and its teasers: line features, a network over lines, a label chain.

Reading order, from a page's lines to its parts: `model` (the estimator that does all of it), `plain`, `characters` and
`batch` (lines as arrays), `lexicon`, `shapes`, `context` and `features` (what is known of a line), `encoding` and
`network` (scores of each label), `labels`, `chain` and `decoding` (the best labels of a whole page), `wording` and
`assemble` (parts). Training: `train`, `learning`, `lessons` (from a teacher), `augment`, `flattening`, `loans` and
`discussion` (pages varied). Figures: `measure`, `evaluate`, `tally`, `stories`, `listings`, `crossvalidation`.
"""
