"""What an order is and how a checkout goes, in plain Python: values in, values out."""
