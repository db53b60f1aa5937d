"""Which topics a text is about: taxonomy, features, model, training and evaluation."""
