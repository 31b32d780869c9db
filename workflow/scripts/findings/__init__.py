"""From rows to claims: statistics, units, the words of a verdict, figures. Nothing here imports torch."""
