"""What a corpus says when it is counted: words, word vectors, clusters. No Keras."""

from kewen.mining.communities.codes import HierarchicalCode, entropy, huffman_code
from kewen.mining.communities.flow import stationary_distribution
from kewen.mining.communities.infomap import InfoMap
from kewen.mining.communities.map_equation import CodeLength, map_equation
from kewen.mining.communities.neighbours import cluster_embeddings, knn_graph

__all__ = [
    "CodeLength",
    "HierarchicalCode",
    "InfoMap",
    "cluster_embeddings",
    "entropy",
    "huffman_code",
    "knn_graph",
    "map_equation",
    "stationary_distribution",
]
