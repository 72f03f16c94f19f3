"""The shop's books: what must be true of stock, money, orders and messages whatever has happened, read from outside."""
