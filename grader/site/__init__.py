"""The course as a website to read: without solutions, hidden checks, or anything that tells them."""
