"""Training of the shipped model: from labelled pictures to judged bundles (`scripts/train/run`)."""
