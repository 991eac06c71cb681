"""What runs and studies leave in the store: typed documents, their keys, and what follows from them."""
