"""What a vendor's codes and words mean, where there are many of them: a file beside its connector's."""
