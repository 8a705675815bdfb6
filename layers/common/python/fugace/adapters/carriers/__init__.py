"""One file per carrier: how it is asked, how it answers, how it reports, what its codes mean."""
