"""Attacks on one picture or many: noise, blur, a patch, a shift, a turn, and the smallest change that is aimed."""
