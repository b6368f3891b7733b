"""What a corpus says when it is counted: words, word vectors, clusters. No Keras."""
