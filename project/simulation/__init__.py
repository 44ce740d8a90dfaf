"""A simulated class: students who are not there, over real sockets and HTTP, as their browsers would speak."""
