"""The peers' applications, each as its documentation begins it."""
