//! What a broker, a network or a double of ours can do to us.
