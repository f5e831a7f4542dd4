"""Which of many images and masks somebody should look at: what stands out from the others."""
