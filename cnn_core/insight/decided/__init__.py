"""Which filters decided? What each speaks for, an answer or its rival; and the check, by muting those and others."""
