"""How well does a prompt or a scorer rank?"""
