"""What is compared with the references, by kind of estimator."""
