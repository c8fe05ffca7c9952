"""From a source's batches to typed rows: reading, schema, coercion, the account of every cell, identity."""
