"""The page on which raters draw: work list, pictures, operations, comparison."""
