"""The contracts of one checkout: what its manifests declare, its schemas compiled, and the form in which faults are told."""
