"""The outbox: rows written with what they tell about, published in order by lanes, each under a lease."""
