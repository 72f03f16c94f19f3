"""The catalog: products with their variants, categories and pictures."""
