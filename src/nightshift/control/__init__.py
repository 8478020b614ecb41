"""Services: described by a file, launched, watched and ended, here and on clouds."""
