"""What the controller decides, pure: states go in, with what was seen and a time; what is to be done comes
out.

`step` joins the rooms: `progress` (one unit's next state), `fleet` (which units there shall be), `takeover`
(which balancer has which replicas). `states` is the table that all go by.
"""
