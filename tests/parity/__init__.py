"""How alike AWS emulators are to AWS, in what the shop uses of it: `python -m parity` writes docs/reference/aws-parity.md."""
