"""Virtual sensors of other makers, each written from its maker's documents: what our decoders are held against."""
