"""What a corpus says when it is counted: words, word vectors, clusters. No Keras."""

from kewen.mining.cooccurrences import Cooccurrence, cooccurrence
from kewen.mining.glove import GloVe
from kewen.mining.lexicon import Lexicon
from kewen.mining.pmi_vectors import PMIWordVectors
from kewen.mining.ppmi_svd import ppmi_svd
from kewen.mining.word2vec_files import read_word2vec, write_word2vec
from kewen.mining.word_vectors import WordVectors

__all__ = [
    "Cooccurrence",
    "GloVe",
    "Lexicon",
    "PMIWordVectors",
    "WordVectors",
    "cooccurrence",
    "ppmi_svd",
    "read_word2vec",
    "write_word2vec",
]
