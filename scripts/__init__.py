"""One verb each, behind `newsieve VERB`: arguments, progress, printing; logic lives in `streams` and `models`."""
