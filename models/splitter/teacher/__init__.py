"""The splitter's teacher: a larger network that labels pages nobody labelled, for the splitter to learn from.

Training only, and only to renew the artifact `splitter-teacher`; its libraries are the extra `teacher`. Reading order:
`sheets` (the pages), `words` and `recurrence` (what it is told of a line), `network`, `learning`, `fused` (what it says
joined with what is known), `second` (a round with splitters), `recipe` (all of it, in order).
"""
