"""How right the results are: rules of scoring and statistics, pure, with no files, screens or simulator in them."""
