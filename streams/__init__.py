"""Kafka in, Kafka out: the only package that knows Faust, aiokafka, Kafka topics and offsets.

Delivery is at least once: a page's records are delivered before its offset is committed, so a crash repeats work and
never loses it. Ids are deterministic, so whoever reads can drop the repeats, and our subscribers do.
"""
