"""What a trained run is used for: masks of new images, and a model that needs neither the store nor kvjob."""
